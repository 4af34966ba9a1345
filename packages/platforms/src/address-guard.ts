/**
 * Keeps requests to addresses a client chose out of our own network: private, loopback, link-local and every other
 * special range, however the address is spelled, and also when a name only resolves to one. The check sits in the
 * look-up the socket itself uses, so what was checked is what is connected to.
 */
import { lookup as resolve, type LookupAddress, type LookupOptions } from "node:dns";
import ipaddr from "ipaddr.js";

export const privateAddressCode = "private_address";

/** Thrown into a connection attempt; `code` tells it from the network's own errors. */
export class PrivateAddressError extends Error {
  override name = "PrivateAddressError";
  readonly code = privateAddressCode;
}

/** Whether an IP address belongs to the public internet. IPv4 inside IPv6 is judged as the IPv4 address it is. */
export function isPublicAddress(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.process(address).range() === "unicast";
}

/** Whether a URL's host is an IP literal that is not public. Names are judged when they resolve. */
export function namesPrivateAddress(url: URL): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, "");
  if (ipaddr.isValid(host)) return !isPublicAddress(host);
  return host === "localhost" || host.endsWith(".localhost");
}

type LookupCallback = (error: Error | null, address: string | LookupAddress[], family?: number) => void;

/** A `dns.lookup` that fails unless every address a name resolves to is public. */
export function publicLookup(hostname: string, options: LookupOptions, callback: LookupCallback): void {
  resolve(hostname, { ...options, all: true }, (error, addresses) => {
    if (error !== null) return callback(error, []);
    if (!addresses.every(({ address }) => isPublicAddress(address))) {
      return callback(new PrivateAddressError(`${hostname} leads to an address that is not public`), []);
    }
    const [first] = addresses;
    if (options.all === true || first === undefined) return callback(null, addresses);
    callback(null, first.address, first.family);
  });
}
