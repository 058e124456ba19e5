// @ts-expect-error -- of Node, where tests run: its types are not for what runs in a browser
import { readFileSync } from 'node:fs';
import { converter, differenceCiede2000, formatHex, parse, wcagContrast, type Color } from 'culori';

const css = readFileSync(new URL('tokens.css', import.meta.url), 'utf8') as string;
const THEMES = ['light', 'dark'] as const;
const STATES = ['waiting', 'running', 'success', 'retry', 'failure', 'dead', 'revoked', 'expired'] as const;
/**
 * What is seen: by most, and by those who see red and green alike. Matrices on linear RGB, as browsers emulate it: Machado, Oliveira
 * and Fernandes, "A physiologically-based model for simulation of color vision deficiency", 2009, severity 1.
 */
const EYES = {
  all: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  'no red': [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
  'no green': [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
} as const;
const linear = converter('lrgb');

function seenBy(eyes: keyof typeof EYES, color: Color): Color {
  const { r, g, b } = linear(color);
  const part = (row: number): number => {
    const [x, y, z] = EYES[eyes].slice(3 * row, 3 * row + 3) as [number, number, number];
    return Math.min(1, Math.max(0, x * r + y * g + z * b));
  };
  return { mode: 'lrgb', r: part(0), g: part(1), b: part(2) };
}

/** CIEDE2000: 2 is seen side by side, 5 at a glance. Bars and areas stand apart from their legend. */
const APART = 8;
/** Success is a muted accent, and what runs stands in no chart beside what ended. */
const ALIKE_APART = 6;

/** A token in a theme. */
function token(name: string, theme: (typeof THEMES)[number]): Color {
  const value = new RegExp(`--${name}: (.+);`).exec(css)?.[1] ?? '';
  const other = /^var\(--(.+)\)$/.exec(value)?.[1];
  if (other) return token(other, theme);
  const both = /^light-dark\((.+), (.+)\)$/.exec(value);
  const color = parse(both ? both[theme === 'light' ? 1 : 2]! : value);
  if (!color) throw new Error(`no colour: --${name}: ${value}`);
  return color;
}

const LOOKS = THEMES.flatMap((theme) => (['all', 'no red', 'no green'] as const).map((eyes) => ({ theme, eyes })));

test.each(LOOKS)('the states have colours that can be told apart: $theme, who sees $eyes', ({ theme, eyes }) => {
  const difference = differenceCiede2000();
  const alike = STATES.flatMap((one, n) =>
    STATES.slice(n + 1).flatMap((other) => {
      const [a, b] = [one, other].map((state) => seenBy(eyes, token(`state-${state}`, theme))) as [Color, Color];
      const apart = difference(a, b);
      const least = one === 'running' && other === 'success' ? ALIKE_APART : APART;
      return apart < least ? [`${one} and ${other}: ${apart.toFixed(1)} (${formatHex(a)}, ${formatHex(b)})`] : [];
    }),
  );
  expect(alike).toEqual([]);
});

test.each(THEMES)('each state can be read as text on every ground: %s', (theme) => {
  const faint = STATES.flatMap((state) =>
    ['ground', 'panel', 'raised', 'n2', 'n3'].flatMap((ground) => {
      const contrast = wcagContrast(token(`state-${state}`, theme), token(ground, theme));
      return contrast < 4.5 ? [`${state} on ${ground}: ${contrast.toFixed(2)}`] : [];
    }),
  );
  expect(faint).toEqual([]);
});
