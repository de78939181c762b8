// Types of the checker's parts (pledge/static/js/verify), which worker.js hands to each other.

type Bytes = Uint8Array<ArrayBuffer>;
type Words = Int32Array<ArrayBuffer>;

// What a module is handed: what those give that worker.js loads before it.
// `base` stands before the paths of the site, `host` names it: its page leaves the first empty.
type Basics = typeof import("../../pledge/static/js/verify/bytes.js") & { base: string; host: string };
type OfNote = ReturnType<typeof import("../../pledge/static/js/verify/note.js").default>;
type OfMerkle = ReturnType<typeof import("../../pledge/static/js/verify/merkle.js").default>;
type OfZip = ReturnType<typeof import("../../pledge/static/js/verify/zip.js").default>;
interface Readers extends Basics, OfNote, OfMerkle, OfZip {}
type OfEntries = ReturnType<typeof import("../../pledge/static/js/verify/entries.js").default>;
type OfTables = ReturnType<typeof import("../../pledge/static/js/verify/tables.js").default>;
interface Logs extends Readers, OfEntries, OfTables {}
type OfLog = ReturnType<typeof import("../../pledge/static/js/verify/log.js").default>;
interface Parts extends Logs, OfLog {}
type OfReceipt = ReturnType<typeof import("../../pledge/static/js/verify/receipt.js").default>;
type OfPack = ReturnType<typeof import("../../pledge/static/js/verify/pack.js").default>;
type OfCount = ReturnType<typeof import("../../pledge/static/js/verify/count.js").default>;
interface Checks extends Parts, OfReceipt, OfPack, OfCount {}
type Log = NonNullable<Awaited<ReturnType<OfLog["openLog"]>>>;

interface Key {
  type: number;
  line: string;
  name: string;
  id: string;
  auditId: string;
  key: Bytes;
  isKnown: boolean;
}

// Whether so many have seen a state.
type Enough = (seen: Set<string>) => boolean;

interface Policy {
  witnesses: { name: string; key: Key }[];
  isEnough: Enough;
}

interface Note {
  text: string;
  signatures: { name: string; id: string; signature: Bytes }[];
}

// The state of a log: of a checkpoint, or as a manifest repeats it.
interface State {
  origin: string;
  size: number;
  root: Bytes;
  rootText: string;
}

interface Checkpoint extends State {
  note: Note;
}

interface Entry {
  reason: string;
  isPlus: boolean;
  of: string;
  day: string;
  // Not of paper or a statement.
  pledge?: string;
  // Of paper the hash of the scan, of a statement that of its words; nothing where it takes back.
  commitment: string;
  // NaN where isPlus is true, and of a statement.
  takesBack: number;
  // Of a batch on paper.
  signatures?: number;
}

interface Counts {
  people: number;
  organizations: number;
}

interface Paper {
  signatures: number;
  batches: number;
}

// What the entries of a log add up to.
interface Sum {
  moves: Record<string, Record<string, number>>;
  counts: Counts;
  paper: Paper;
  statements: Map<number, Entry>;
  // How many entries name each, by its hash.
  pledges: Map<string, number>;
  days: Map<string, number>;
  latest: string;
  // By the number of entries.
  sums: Map<number, Record<string, number>>;
  // The entry that counts what one with this commitment did.
  standingAs: (commitment: string) => number | null;
  root: Bytes;
}

interface Bundle {
  count: number;
  entry: (index: number) => Bytes;
  root: Bytes;
}

// What somebody wants to have checked, and by which key and address.
interface Asked {
  address: string;
  pasted: string;
  slugs: string[];
  // Those that a reader of anywhere.html knows of the log.
  keys?: Key[];
}

// Whose keys are believed, and for which log of this site.
interface Believed {
  keys: Key[];
  source: string;
  slug?: string | null;
  published?: Key[];
}

type Trusted = Believed | { keys: null; source: "none"; slug: null; published?: undefined };

type Progress = (more: number) => void;

// How a check says how far it is.
interface Tell {
  step: (name: string, state?: string) => void;
  facts: (more: Partial<Facts>) => void;
  total: (steps: number) => void;
  progress: Progress;
}

interface Member {
  name: string;
  packed: number;
  size: number;
  offset: number;
  method: number;
}

type Take = (name: string, longest?: number) => Promise<Bytes>;
type Kept = Record<string, Bytes>;

interface Manifest extends State {
  campaign: string;
  counts: Counts;
  files: Record<string, { size: number; sha256: string; rows?: number }>;
}

// A label in each language.
type Label = Record<string, string>;

interface Cell {
  key: string;
  label: Label;
  people: number;
}

// totals.json of a pack.
interface Totals {
  as_of: string;
  campaign: { slug: string; title: Label };
  checkpoint: { size: number; root: string };
  people: number;
  organizations: number;
  unnamed_organizations?: number;
  paper?: Paper & { sheets: number };
  by_country: Cell[];
  by_region: Cell[];
  by_day: Cell[];
}

interface Receipt {
  salt: string;
  leaf: string;
  index: number;
  proof: Bytes[];
  checkpoint: Checkpoint;
}
