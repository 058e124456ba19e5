/** The known name that a mistyped one was probably meant to be, if any is near enough to name. */
export function closest(mistyped: string, known: readonly string[]): string | undefined {
  const given = mistyped.slice(0, 50).toLowerCase();
  const allowed = Math.min(2, Math.floor(given.length / 2));
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const name of known) {
    const candidate = name.toLowerCase();
    const distance = editDistance(given, candidate);
    const akin =
      given.length >= 3 &&
      (candidate.startsWith(given.slice(0, 3)) || candidate.includes(given) || given.includes(candidate));
    if ((distance <= allowed || akin) && distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** How many single letters must be put in, taken out or changed to make one text the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const change = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[b.length]!;
}
