/**
 * Keeps requests to addresses a client chose out of our own network: private, loopback, link-local and every other
 * special range, however the address is spelled, and also when a name only resolves to one. The check sits in the
 * look-up the socket itself uses, so what was checked is what is connected to.
 */
import type { LookupFunction } from "node:net";
import ipaddr from "ipaddr.js";

export const privateAddressCode = "private_address";

/** Thrown into a connection attempt; `code` tells it from the network's own errors. */
export class PrivateAddressError extends Error {
  override name = "PrivateAddressError";
  readonly code = privateAddressCode;
}

/** Whether an IP address belongs to the public internet. IPv4 inside IPv6 is judged as the IPv4 address it is. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return parsed.range() === "unicast" && (parsed instanceof ipaddr.IPv4 || parsed.match(globalUnicast));
}

/** All of version 6 that was ever handed out; ranges are named so only if they are special (RFC 4291, IANA). */
const globalUnicast = ipaddr.IPv6.parseCIDR("2000::/3");

/** Whether a URL's host is an IP literal that is not public. Names are judged when they resolve. */
export function namesPrivateAddress(url: URL): boolean {
  // Brackets of version 6, and the dot that ends a complete name.
  const host = url.hostname.replace(/^\[|\]$|\.$/g, "");
  if (ipaddr.isValid(host)) return !isPublicAddress(host);
  return host === "localhost" || host.endsWith(".localhost");
}

/** As `dns.lookup`. */
export type Lookup = LookupFunction;

/** A look-up that fails unless every address a name resolves to is public. */
export function guardLookup(lookup: Lookup): Lookup {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) return callback(error, []);
      const addresses = typeof found === "string" ? [{ address: found, family: found.includes(":") ? 6 : 4 }] : found;
      if (!addresses.every(({ address }) => isPublicAddress(address))) {
        return callback(new PrivateAddressError(`${hostname} leads to an address that is not public`), []);
      }
      const [first] = addresses;
      if (options.all === true || first === undefined) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}
