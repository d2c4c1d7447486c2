/** How long what others have may be on its way before it counts as withheld, ms. */
export const GRACE_MS = 300_000;
