/** Appends values in WebAssembly's binary encoding. */
export interface ByteWriter {
  readonly length: number;
  byte(value: number): void;
  bytes(values: ArrayLike<number>): void;
  /** An unsigned integer in LEB128. */
  unsigned(value: number): void;
  /** A signed 32-bit integer in LEB128. */
  signed(value: number): void;
  float32(value: number): void;
  /** UTF-8 text, preceded by its length in bytes. */
  text(value: string): void;
  /** The bytes that `body` writes, preceded by their number. */
  sized(body: (inner: ByteWriter) => void): void;
  result(): Uint8Array;
}

export function openBytes(): ByteWriter {
  let data = new Uint8Array(256);
  let length = 0;
  const reserve = (count: number) => {
    if (length + count <= data.length) return;
    const larger = new Uint8Array(Math.max(data.length * 2, length + count));
    larger.set(data.subarray(0, length));
    data = larger;
  };
  const writer: ByteWriter = {
    get length() {
      return length;
    },
    byte(value) {
      reserve(1);
      data[length++] = value;
    },
    bytes(values) {
      reserve(values.length);
      data.set(values, length);
      length += values.length;
    },
    unsigned(value) {
      let rest = value >>> 0;
      for (; rest > 0x7f; rest >>>= 7) writer.byte((rest & 0x7f) | 0x80);
      writer.byte(rest);
    },
    signed(value) {
      let rest = value | 0;
      for (; rest < -64 || rest > 63; rest >>= 7) writer.byte((rest & 0x7f) | 0x80);
      writer.byte(rest & 0x7f);
    },
    float32: (value) => writer.bytes(new Uint8Array(Float32Array.of(value).buffer)),
    text: (value) => writer.sized((inner) => inner.bytes(new TextEncoder().encode(value))),
    sized(body) {
      const inner = openBytes();
      body(inner);
      writer.unsigned(inner.length);
      writer.bytes(inner.result());
    },
    result: () => data.slice(0, length),
  };
  return writer;
}
