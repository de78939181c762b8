// What the checker's worker (pledge/static/js/verify/worker.js) and its pages tell each other.

type Counted = "people" | "organizations" | "paper";

interface Facts {
  origin: string;
  size: number;
  root: string;
  index: number;
  day: string;
  of: string;
  today: number;
  standing: number;
  people: number;
  organizations: number;
  paper: number;
  statements: number;
  // Entries of the newest pledge text.
  current: number;
  todayPeople: number;
  todayOrganizations: number;
  // The fewest entries that a place of the site names.
  least: number;
  // The checkpoint that was counted, who signed it, and who else did.
  kept: BlobPart;
  signer: string;
  keys: string[];
  others: string[];
  differing: { where: string; word: string; shown: number; counted: number }[];
  unsure: { where: string; why: string; shown?: number }[];
}

interface Result {
  verdict: string;
  // The name of the check that did not hold, and what it is about.
  failed?: string;
  at?: string;
  // It is a fault of the site's log, whatever was compared with that.
  isOfSite?: boolean;
  source?: string;
  facts: Partial<Facts>;
}

// What one place of the site shows (recount.js); only `where` when it could not be read.
interface Shown {
  where: string;
  people: number;
  organizations: number;
  paper: number;
  size?: number | null;
}
