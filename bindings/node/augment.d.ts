// augment.d.ts - what tinet has beyond the declarations of @types/titanium 9.0.1.

/// <reference types="titanium" />

interface FailureResponse {
  /** tinet: what the error is about ("127.0.0.1: Connection refused"). */
  detail?: string;
  /** tinet: the stable name of the error ("TINET_ETIMEDOUT"). */
  reason?: string;
  /** tinet: why TLS failed; absent if it was not that. */
  tls?: TLSFailure;
  /** tinet: why App Transport Security denied the request; absent if it did not. */
  ats?: ATSDenial;
}

/** One requirement of App Transport Security that was not met. */
interface ATSReason {
  /** "cleartext", "tls-version", "cert-key-size" ... */
  reason: string;
  domain: 'NSURLErrorDomain';
  code: number;
  /** The code of Apple's kCFStreamErrorDomainSSL; 0 if there is none. */
  sslStatus: number;
  /** The place of the certificate at fault in the chain; -1 if it is about none. */
  depth: number;
  /** The key that would excuse it, or null. */
  key: string | null;
  text: string;
  /** What an iOS application would be told. */
  description: string;
}

interface ATSDenial extends ATSReason {
  /** Of the hop that was denied. */
  url: string;
  /** How many redirects came before it. */
  hop: number;
  /** The key of NSExceptionDomains that governs, or null. */
  entry: string | null;
  /** All that is wrong, the first decides. */
  reasons: ATSReason[];
}

/** The story of a TLS failure.  Texts are "" where nothing is known. */
interface TLSFailure {
  /** "expired", "wrong-host", "unknown-issuer", "pin-mismatch" ... */
  reason: string;
  opensslCode: number;
  /** The code of Apple's NSURLErrorDomain that means the same; 0 if there is none. */
  nsurlCode: number;
  host: string;
  /** The place in the chain of the certificate that it is about; -1 if it is about none. */
  depth: number;
  subject: string;
  issuer: string;
  notBefore: string;
  notAfter: string;
  names: string;
  key: string;
  hash: string;
  expectedSpki: string;
  seenSpki: string;
}

/** TLS of a Socket.TCP: the first half is a client's, the second a server's. */
interface SocketTLS {
  /** A PEM file of authorities instead of the system's. */
  ca?: string;
  serverName?: string;
  securityManager?: any;
  /** Certificate with its chain, and key, as PEM text. */
  cert?: string;
  key?: string;
  passphrase?: string;
  /** PEM text of authorities whose client certificates are required. */
  clientCa?: string;
  /** The protocols to offer or to understand, the preferred first. */
  alpn?: string | string[];
  /** false: nothing is checked; for a person who tries something. */
  rejectUnauthorized?: boolean;
}

/** Payload of `started` of a Socket.UDP. */
interface UDPStarted {
  type: 'started';
  source: Titanium.Network.Socket.UDP;
  socket: Titanium.Network.Socket.UDP;
  address: string;
  port: number;
}

/** Payload of `data` of a Socket.UDP; address and port are the sender's. */
interface UDPData {
  type: 'data';
  source: Titanium.Network.Socket.UDP;
  socket: Titanium.Network.Socket.UDP;
  stringData: string;
  /** A Blob (null: no bytes) after start(port, host), an array after start({...}). */
  bytesData: Titanium.Blob | number[] | null;
  address: string;
  port: number;
  /** tinet: it was longer than what could be received. */
  truncated?: true;
}

/** Payload of `error` of a Socket.UDP. */
interface UDPError {
  type: 'error';
  source: Titanium.Network.Socket.UDP;
  socket: Titanium.Network.Socket.UDP;
  success: false;
  /** errno, or -1. */
  code: number;
  errorCode: number;
  error: string;
}

/** tinet: payload of a send's callback. */
interface UDPSent {
  type: 'send' | 'error';
  source: Titanium.Network.Socket.UDP;
  success: boolean;
  code: number;
  error?: string;
  /** -1 if it was not sent. */
  bytesProcessed: number;
}

type UDPBytes = number[] | Titanium.Buffer | Titanium.Blob | ArrayBufferView | ArrayBuffer;

interface UDPDestination<Data> {
  data: Data;
  /** Without it: broadcast. */
  host?: string;
  /** Without it: the socket's own. */
  port?: number;
  /** tinet: a multicast group instead of the host. */
  group?: string;
}

/** Payload of onreadystatechange. */
interface ReadyStateChange {
  type: 'readystatechange';
  source: Titanium.Network.HTTPClient;
  readyState: number;
}

/** Payload of ondatastream and onsendstream. */
interface StreamProgress {
  type: 'datastream' | 'sendstream';
  source: Titanium.Network.HTTPClient;
  /** 0 to 1, or Titanium.Network.PROGRESS_UNKNOWN. */
  progress: number;
  /** The announced length in bytes, or -1. */
  totalCount: number;
  /** Bytes so far. */
  totalSize: number;
  /** Bytes since the previous event. */
  size: number;
}

declare namespace Titanium {
  interface Buffer {
    /** A byte, 0 to 255; undefined outside of the buffer. */
    [index: number]: number;
  }
  interface IOStream {
    /** The documented form without offset and length. */
    read(buffer: Titanium.Buffer, resultsCallback: (param0: ReadCallbackArgs) => void): void;
    write(buffer: Titanium.Buffer, resultsCallback: (param0: WriteCallbackArgs) => void): void;
  }
  namespace Network {
    interface BonjourBrowser {
      /** tinet: only what is heard there. */
      interfaceName?: string;
      /** tinet: one service has come or gone. */
      addEventListener(name: 'servicefound' | 'servicelost', callback: (this: BonjourBrowser, event: { type: string; source: BonjourBrowser; service: BonjourService }) => void): void;
      /** tinet: the search has ended by itself. */
      addEventListener(name: 'error', callback: (this: BonjourBrowser, event: { type: string; source: BonjourBrowser; success: false; code: number; error: string }) => void): void;
    }
    interface BonjourService {
      /** tinet: somebody has claimed the name of a published service. */
      addEventListener(name: 'rename', callback: (this: BonjourService, event: { type: string; source: BonjourService; name: string; oldName: string }) => void): void;
      /** tinet: it is no longer published. */
      addEventListener(name: 'error', callback: (this: BonjourService, event: { type: string; source: BonjourService; success: false; code: number; error: string }) => void): void;
      /** tinet: strings, Buffers or `true`; filled in by resolve. */
      txtRecord: { [key: string]: any };
      /** tinet: "_printer" ... */
      subtypes?: string[];
      /** tinet: false: a name that is taken is an error. */
      allowRename?: boolean;
      /** tinet: only there; after resolve where it was heard. */
      interfaceName?: string;
      /** tinet: after resolve. */
      readonly addresses?: string[];
      readonly hostName?: string;
      publishAsync(socket: any): Promise<boolean>;
      resolveAsync(timeout?: number): Promise<boolean>;
      stopAsync(): Promise<boolean>;
    }
    /** tinet: App Transport Security: "off", "enforce", or the path of a project, a tiapp.xml or an Info.plist. */
    let atsPolicy: string;
    namespace Socket {
      interface TCP {
        /** tinet: TLS; `true`, or options of a client or of a server. */
        tls?: true | SocketTLS;
        /** tinet: a Unix-domain socket instead of host and port. */
        path?: string;
        /** tinet: small writes go out at once; default true. */
        noDelay?: boolean;
        /** tinet: seconds after which a silent peer is probed, or true. */
        keepAlive?: boolean | number;
        /** tinet: milliseconds that a waiting read or write waits at most; default 75,000, 0 = no limit. */
        blockingTimeout?: number;
        /** After close(). */
        closed?: (event: { type: 'closed'; source: TCP; socket: TCP }) => void;
        isConnected(): boolean;
        /** tinet: called when nothing waits to be sent any more. */
        drain?: (event: { type: 'drain'; source: TCP; socket: TCP }) => void;
        /** tinet: bytes that wait to be sent. */
        readonly writableLength: number;
        /** tinet: both ends, and what TLS agreed on; null unless connected. */
        readonly info: any;
        /** tinet: ends what is sent; reading goes on. */
        shutdown(): void;
      }
      interface UDP extends Titanium.Proxy {
        port: number;
        started?: (event: UDPStarted) => void;
        data?: (event: UDPData) => void;
        error?: (event: UDPError) => void;
        start(port?: number | string, host?: string): void;
        /** `group` and `interface` are tinet's: a multicast group to join. */
        start(options: { port?: number | string; host?: string; group?: string; interface?: string }): void;
        stop(): void;
        sendString(port: number | string, host: string, data: string, sent?: (event: UDPSent) => void): void;
        sendString(options: UDPDestination<string>, sent?: (event: UDPSent) => void): void;
        sendBytes(port: number | string, host: string, data: UDPBytes, sent?: (event: UDPSent) => void): void;
        sendBytes(options: UDPDestination<UDPBytes>, sent?: (event: UDPSent) => void): void;
        addEventListener(name: 'started', callback: (event: UDPStarted) => void): void;
        addEventListener(name: 'data', callback: (event: UDPData) => void): void;
        addEventListener(name: 'error', callback: (event: UDPError) => void): void;
        addEventListener(name: string, callback: (event: any) => void): void;
        /** tinet: multicast; the interface by name or number. */
        joinGroup(group: string, networkInterface?: string): void;
        leaveGroup(group: string, networkInterface?: string): void;
        /** tinet: where multicast goes out. */
        multicastInterface?: string;
        multicastTTL?: number;
        /** tinet: whether own multicast comes back. */
        loopback?: boolean;
        ttl?: number;
        broadcast?: boolean;
        /** tinet: several receivers of one port. */
        reuseAddress?: boolean;
      }
      function createUDP(properties?: Partial<UDP> & { [key: string]: any }): UDP;
    }
    /**
     * tinet: the legacy socket.  The declarations of 9.0.1 forbid createTCPSocket, so:
     * `const socket: Titanium.Network.TCPSocket = (Ti.Network as any).createTCPSocket(...)`.
     */
    interface TCPSocket extends Titanium.Proxy {
      hostName: string;
      port: number;
      /** Titanium.Network.READ_MODE, WRITE_MODE or READ_WRITE_MODE: 1, 2 or 3. */
      mode: number;
      stripTerminator: boolean;
      readonly isValid: boolean;
      /** tinet: as of Socket.TCP. */
      readonly host: string;
      readonly state: number;
      /** tinet: milliseconds that connect() waits at most; default 75,000. */
      timeout?: number;
      listen(): void;
      connect(): void;
      write(data: string | Titanium.Blob, sendTo?: number): void;
      close(): void;
      addEventListener(name: string, callback: (event: any) => void): void;
    }
    interface HTTPClient {
      /** Called before each redirect that is followed. */
      onredirect: (event: { type: 'redirect'; source: HTTPClient }) => void;
      /** Limit for the whole request in milliseconds; 0 = none. */
      timeoutForResource: number;
      /** Wait for a network instead of failing at once. */
      waitsForConnectivity: boolean;
      /** Stored; no effect. */
      withCredentials: boolean;
      /** The body as JSON, if it is an object. */
      readonly responseDictionary: any;
      /** The body as JSON, if it is an array. */
      readonly responseArray: any[] | null;
      /** The request headers set so far, one `name:value` a line. */
      getAllRequestHeaders(): string;
    }
    /** Replaces the URL given to open(); null cancels the request. */
    let httpURLFormatter: ((url: string) => string | null) | null;
    const TLS_DEFAULT: number;
  }
}
