// https.d.ts - require('tinet/https'): certificate pinning, as require('ti.https') in an app.

/// <reference types="titanium" />

/** One pinned host. */
interface PinnedURL {
  /** `https://host`, or `https://*.domain` for the domain and every name below it. */
  url: string;
  /** The certificate whose public key is pinned, in PEM or DER. */
  serverCertificate: string | Titanium.Blob | Titanium.Filesystem.File;
  /** The place in the verified chain; 0, the default, is the server's own certificate. */
  trustChainIndex?: number;
  /** A PKCS#12 file for mutual TLS. */
  clientCertificate?: string | Titanium.Blob | Titanium.Filesystem.File;
  clientPassword?: string;
}

interface HttpsModule {
  readonly apiName: string;
  createX509CertificatePinningSecurityManager(entries: PinnedURL[]): Titanium.Network.HTTPClient['securityManager'];
}

declare const https: HttpsModule;
export = https;
