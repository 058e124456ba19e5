/** What is typed into the options of a submit: texts, as they are. */
export interface OptionTexts {
  readonly queue: string;
  readonly priority: string;
  readonly delay: string;
  readonly eta: string;
  readonly expires: string;
  readonly timeLimit: string;
  readonly softTimeLimit: string;
  readonly maxAttempts: string;
  readonly unique: string;
  readonly tags: string;
}

export const NO_OPTIONS: OptionTexts = {
  ...{ queue: '', priority: '', delay: '', eta: '', expires: '', timeLimit: '', softTimeLimit: '' },
  ...{ maxAttempts: '', unique: '', tags: '' },
};

/** A duration without a unit is seconds; a count is a number. What is neither stays a text, of which the gateway says what is wrong. */
const numberOrText = (text: string): number | string => (/^\d+(?:\.\d+)?$/.test(text) ? Number(text) : text);

/** `options` of a submit; what is empty is left out, as the contract says. undefined: none is given. */
export function optionsOf(texts: OptionTexts): Readonly<Record<string, unknown>> | undefined {
  const options: Record<string, unknown> = {};
  for (const name of ['queue', 'eta'] as const) if (texts[name].trim()) options[name] = texts[name].trim();
  for (const name of ['priority', 'delay', 'expires', 'timeLimit', 'softTimeLimit'] as const)
    if (texts[name].trim()) options[name] = numberOrText(texts[name].trim());
  if (texts.maxAttempts.trim()) options['retry'] = { maxAttempts: numberOrText(texts.maxAttempts.trim()) };
  if (texts.unique) options['unique'] = texts.unique === 'yes';
  const tags = texts.tags.split(',').map((tag) => tag.trim());
  if (texts.tags.trim()) options['tags'] = tags.filter((tag) => tag !== '');
  return Object.keys(options).length > 0 ? options : undefined;
}
