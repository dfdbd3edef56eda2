// augment.d.ts - what tinet has beyond the declarations of @types/titanium 9.0.1.

/// <reference types="titanium" />

interface FailureResponse {
  /** tinet: the stable name of the error ("TINET_ETIMEDOUT"). */
  reason?: string;
  /** tinet: why TLS failed; absent if it was not that. */
  tls?: TLSFailure;
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
  namespace Network {
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
