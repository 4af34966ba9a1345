/**
 * Small real pictures and videos, made on the spot in any size: what a decoder accepts, written from the formats'
 * own specifications and by no library that is under test.
 */
import { crc32, deflateSync } from "node:zlib";

/** A gradient in 24 bits a pixel. */
export function pngSample({ width = 64, height = 48 }: { width?: number; height?: number } = {}): Buffer {
  const rows = Buffer.alloc(height * (1 + width * 3));
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows.set([(x * 255) / width, (y * 255) / height, 160], y * (1 + width * 3) + 1 + x * 3);
    }
  }
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    pngChunk("IHDR", Buffer.concat([u32(width, height), Buffer.from([8, 2, 0, 0, 0])])),
    pngChunk("IDAT", deflateSync(rows)),
    pngChunk("IEND", Buffer.alloc(0)),
  ]);
}

/** Plain grey. @param options.orientation of the camera (EXIF), 1 to 8 */
export function jpegSample({
  width = 64,
  height = 48,
  orientation,
}: { width?: number; height?: number; orientation?: number } = {}): Buffer {
  const blocks = Math.ceil(width / 8) * Math.ceil(height / 8);
  // Two Huffman tables with a single code each, "0": every block is two bits, and both are zero.
  const scan = Buffer.alloc(Math.ceil((blocks * 2) / 8));
  const oneCode = [1, ...Array.from({ length: 15 }, () => 0), 0];
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    orientation === undefined ? Buffer.alloc(0) : jpegSegment(0xe1, exifOrientation(orientation)),
    jpegSegment(0xdb, Buffer.from([0, ...Array.from({ length: 64 }, () => 1)])),
    jpegSegment(0xc0, Buffer.concat([Buffer.from([8]), u16(height, width), Buffer.from([1, 1, 0x11, 0])])),
    jpegSegment(0xc4, Buffer.from([0x00, ...oneCode, 0x10, ...oneCode])),
    jpegSegment(0xda, Buffer.from([1, 1, 0x00, 0, 63, 0])),
    scan,
    Buffer.from([0xff, 0xd9]),
  ]);
}

/** One pixel on a canvas of that size. */
export function gifSample({ width = 64, height = 48 }: { width?: number; height?: number } = {}): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt16LE(width, 0);
  size.writeUInt16LE(height, 2);
  return Buffer.concat([
    Buffer.from("GIF89a"),
    size,
    Buffer.from([0x80, 0, 0, 200, 60, 60, 255, 255, 255]),
    Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 0x01, 0, 0x3b]),
  ]);
}

/** A video track whose frames are all alike; its headers are true, its pictures are none. */
export function mp4Sample({
  width = 320,
  height = 240,
  durationMs = 3_000,
  brand = "isom",
}: { width?: number; height?: number; durationMs?: number; brand?: string } = {}): Buffer {
  const frames = Math.max(1, Math.round(durationMs / 500));
  const frameMs = durationMs / frames;
  const frame = Buffer.concat([u32(4), Buffer.from([0x65, 0x88, 0x84, 0x00])]);
  const ftyp = box("ftyp", Buffer.from(brand.padEnd(4)), u32(512), Buffer.from(`${brand.padEnd(4)}iso2avc1mp41`));
  const mdat = box("mdat", Buffer.concat(Array.from({ length: frames }, () => frame)));
  const avcC = box(
    "avcC",
    Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 4, 0x67, 0x42, 0xc0, 0x1e, 1, 0, 4, 0x68, 0xce, 0x3c, 0x80]),
  );
  const avc1 = box(
    "avc1",
    Buffer.alloc(6),
    u16(1),
    Buffer.alloc(16),
    u16(width, height),
    u32(0x00480000, 0x00480000, 0),
    u16(1),
    Buffer.alloc(32),
    u16(24, 0xffff),
    avcC,
  );
  const stbl = box(
    "stbl",
    fullBox("stsd", u32(1), avc1),
    fullBox("stts", u32(1, frames, frameMs)),
    fullBox("stsc", u32(1, 1, frames, 1)),
    fullBox("stsz", u32(frame.length, frames)),
    fullBox("stco", u32(1, ftyp.length + 8)),
  );
  const dinf = box("dinf", fullBox("dref", u32(1), fullBox("url ", 1)));
  const minf = box("minf", fullBox("vmhd", 1, Buffer.alloc(8)), dinf, stbl);
  const hdlr = fullBox("hdlr", u32(0), Buffer.from("vide"), Buffer.alloc(12), Buffer.from("video\0"));
  const mdhd = fullBox("mdhd", u32(0, 0, 1_000, durationMs), u16(0x55c4, 0));
  const tkhd = fullBox(
    "tkhd",
    3,
    u32(0, 0, 1, 0, durationMs, 0, 0),
    u16(0, 0, 0, 0),
    matrix,
    u32(width << 16, height << 16),
  );
  const mvhd = fullBox(
    "mvhd",
    u32(0, 0, 1_000, durationMs, 0x00010000),
    u16(0x0100, 0),
    u32(0, 0),
    matrix,
    Buffer.alloc(24),
    u32(2),
  );
  const moov = box("moov", mvhd, box("trak", tkhd, box("mdia", mdhd, hdlr, minf)));
  return Buffer.concat([ftyp, mdat, moov]);
}

const matrix = u32(0x00010000, 0, 0, 0, 0x00010000, 0, 0, 0, 0x40000000);

function box(type: string, ...content: Buffer[]): Buffer {
  const inside = Buffer.concat(content);
  return Buffer.concat([u32(8 + inside.length), Buffer.from(type), inside]);
}

/** With a version of 0; the first number, if given, is its flags. */
function fullBox(type: string, first: number | Buffer, ...content: Buffer[]): Buffer {
  return typeof first === "number" ? box(type, u32(first), ...content) : box(type, u32(0), first, ...content);
}

function pngChunk(type: string, content: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type), content]);
  return Buffer.concat([u32(content.length), named, u32(crc32(named))]);
}

function jpegSegment(marker: number, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0xff, marker]), u16(content.length + 2), content]);
}

function exifOrientation(orientation: number): Buffer {
  const tiff = [Buffer.from("MM"), u16(42), u32(8), u16(1, 0x0112, 3), u32(1), u16(orientation, 0), u32(0)];
  return Buffer.concat([Buffer.from("Exif\0\0"), ...tiff]);
}

function u16(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) buffer.writeUInt16BE(value, index * 2);
  return buffer;
}

function u32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [index, value] of values.entries()) buffer.writeUInt32BE(Math.round(value) >>> 0, index * 4);
  return buffer;
}
