// What tools/build_anywhere.py puts before tools/anywhere/page.js.
type Bytes = Uint8Array<ArrayBuffer>;
declare const bytesPart: typeof import("../../pledge/static/js/verify/bytes.js");
declare const ASSEMBLED: ((parts: any) => object)[];
