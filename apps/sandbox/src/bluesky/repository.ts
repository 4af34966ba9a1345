/** What accounts hold: records under their keys, and blobs. When there are too many the oldest go. */

export interface StoredRecord {
  did: string;
  collection: string;
  rkey: string;
  uri: string;
  cid: string;
  /** Its canonical JSON. */
  json: string;
  value: unknown;
  /** Milliseconds since 1970. */
  writtenAtMs: number;
}

export interface StoredBlob {
  cid: string;
  type: string;
  bytes: number;
  /** Where it is seen. */
  url: string;
}

export interface Repository {
  /** Whose it is; by its handle if that is known. */
  handleOf(did: string): string;
  name(did: string, handle: string): void;
  get(did: string, collection: string, rkey: string): StoredRecord | undefined;
  put(record: StoredRecord): void;
  remove(did: string, collection: string, rkey: string): void;
  /** Highest key first. */
  list(did: string, collection: string): StoredRecord[];
  blob(did: string, cid: string): StoredBlob | undefined;
  keepBlob(did: string, blob: StoredBlob): void;
  clear(): void;
}

export function createRepository({ recordsMax, blobsMax }: { recordsMax: number; blobsMax: number }): Repository {
  const records = new Map<string, StoredRecord>();
  const blobs = new Map<string, StoredBlob>();
  const handles = new Map<string, string>();
  const nameOf = (did: string, collection: string, rkey: string) => `${did}/${collection}/${rkey}`;
  return {
    handleOf: (did) => handles.get(did) ?? did,
    name(did, handle) {
      handles.set(did, handle);
      dropOldest(handles, recordsMax);
    },
    get: (did, collection, rkey) => records.get(nameOf(did, collection, rkey)),
    put(record) {
      records.set(nameOf(record.did, record.collection, record.rkey), record);
      dropOldest(records, recordsMax);
    },
    remove: (did, collection, rkey) => void records.delete(nameOf(did, collection, rkey)),
    list: (did, collection) =>
      [...records.values()]
        .filter((record) => record.did === did && record.collection === collection)
        .toSorted((one, other) => (one.rkey < other.rkey ? 1 : -1)),
    blob: (did, cid) => blobs.get(`${did}/${cid}`),
    keepBlob(did, blob) {
      blobs.set(`${did}/${blob.cid}`, blob);
      dropOldest(blobs, blobsMax);
    },
    clear() {
      records.clear();
      blobs.clear();
      handles.clear();
    },
  };
}

function dropOldest(things: Map<string, unknown>, countMax: number): void {
  for (const oldest of things.keys()) {
    if (things.size <= countMax) return;
    things.delete(oldest);
  }
}
