/** A word that Lovage does not use any more: the field has another one for the thing. */
export interface RetiredWord {
  /** As people say it; also its name in the list of what is not done yet. */
  readonly word: string;
  /** What to write instead. */
  readonly use: string;
  /**
   * Matches it in plain words: a line in small letters in which `camelCase`, `snake_case` and `kebab-case` are taken apart.
   * Expressions without repetition of repetitions only: they meet every line of the repository.
   */
  readonly pattern: RegExp;
  /**
   * True: it is retired as a name in code only; in a sentence the word has its common meaning. `declared`: only as the name of a variable,
   * a parameter or a field, since other code has a method of that name. Default: retired everywhere.
   */
  readonly names?: boolean | 'declared';
  /** Contexts in plain words where it means something of the field. Default: none. */
  readonly except?: RegExp;
}

/** Where a verb may have its object: "hands the task back", "puts it back". */
const object = String.raw`(?: \w+){0,3}`;

/** The table of retired words. docs/glossary.md has the words to use. */
export const RETIRED_WORDS: readonly RetiredWord[] = [
  {
    word: 'turn',
    use: '`generation` (which message of a task is valid), a round, a pass of the event loop',
    pattern: /\bturns?\b/,
    except: /\bturns?(?: \w+){0,4} (?:into|on|off|clockwise)\b/,
  },
  {
    word: 'letter',
    use: '`dead letter`, `deadLetter`, `DeadLetter`',
    pattern: /(?<!\bdead )\bletters?\b/,
    except:
      /\bletters?,? (?:and|or)? ?digits?\b|\bletters, digits\b|\b(?:small|capital|single|lower case|upper case|any case of|case of|the same|each|drop a|names? has a|has a) letters?\b|\bletters (?:beyond|that)\b|\bletter spacing\b/,
  },
  {
    word: 'band',
    use: 'priority level: `level`, `PriorityLevel`',
    pattern: /\bband(?:s|ed)?\b/,
    except: /\brun in band\b/,
  },
  {
    word: 'mark',
    use: '`cancelRequested`, an ack of the outbox, a cursor, a flag',
    pattern: /\bmark(?:s|ed|ing)?\b/,
    except: /\b(?:byte order|high water|question|quotation|exclamation|combining) marks?\b/,
  },
  { word: 'floor', use: 'layer', pattern: /\bfloors?\b/, except: /\bmath floor\b|\bfloor \(|\bfloor\(/ },
  { word: 'low', use: '`low` is a priority level; its messages are of low priority', pattern: /\blows\b/ },
  {
    word: 'hand back',
    use: '`requeue` (a message), `release` (a claim)',
    pattern: new RegExp(`\\bhand(?:s|ed|ing)?${object} back\\b`),
  },
  {
    word: 'give back',
    use: '`requeue` (a message), `release` (a claim), return',
    pattern: new RegExp(`\\bg(?:ive|ives|iven|iving|ave)${object} back\\b`),
  },
  {
    word: 'take back',
    use: '`requeue` (a message), `release` (a claim)',
    pattern: new RegExp(`\\bt(?:ake|akes|aken|aking|ook)${object} back\\b`),
  },
  {
    word: 'put back',
    use: '`requeue` (a message), `release` (a claim)',
    pattern: new RegExp(`\\bput(?:s|ting)?${object} back\\b`),
  },
  {
    word: 'let go',
    use: '`release` (a claim, a slot), drop',
    pattern: new RegExp(`\\blet(?:s|ting)?${object} go\\b(?! on\\b)`),
  },
  {
    word: 'withdraw',
    use: '`requeue` (a message), `release` (a claim), cancel',
    pattern: /\bwithdr(?:aw|aws|awn|ew|awal)\b/,
  },
  {
    word: 'call off',
    use: 'cancel; `cancelTimer`, `unsubscribe`',
    pattern: new RegExp(`\\bcall(?:s|ed|ing)?${object} off\\b`),
  },
  {
    word: 'off…',
    use: '`cancel…`, `unsubscribe…`',
    pattern: /^off [a-z]/,
    names: true,
    except: /^off (?:set|by|heap|line)\b/,
  },
  { word: 'off', use: '`unsubscribe`, `cancelTimer`', pattern: /^offs?$/, names: 'declared' },
  { word: 'who', use: '`actor`, or what it is: `user`, `reader`', pattern: /\bwho\b/, names: true },
  { word: 'why', use: '`reason`', pattern: /\bwhy\b/, names: true },
  {
    word: 'whoever',
    use: 'any caller, any process, anyone who',
    pattern: /\b(?:who|whom|what)(?:so)?ever (?:dies|is killed|calls|waits|asks)\b|\bwhoever\b/,
  },
  { word: 'doorbell', use: 'notification', pattern: /\bdoorbells?\b/ },
  {
    word: 'ring',
    use: 'notify, fire',
    pattern: /\b(?:rings?|ringing|rang)\b/,
    except: /\b(?:focus|outline|box|key) rings?\b|\bring (?:offset|buffer)\b/,
  },
  { word: 'backstop', use: 'poll', pattern: /\bbackstops?\b/ },
  { word: 'facts', use: 'new-task data (`NewTask`), details', pattern: /\bfacts?\b/, except: /\bin fact\b/ },
  { word: 'situation', use: 'claim state', pattern: /\bsituations?\b/ },
  { word: 'in the way', use: 'conflicting', pattern: /\b(?:is|are|was|stands?|stood) in the way\b|\bin the way\b/ },
  { word: 'agenda', use: 'due timers', pattern: /\bagendas?\b/ },
  { word: 'lane', use: 'connection, concurrency, pool', pattern: /\blanes?\b/ },
  {
    word: 'again',
    use: '`retry…`, `bulkRetry…`, `redeclare`, `resend`',
    pattern:
      /\bagain (?:tally|input|position|cursor|many|ms)\b|\b(?:input|extra|foreign|decode|encode|declare|send|longest) again\b/,
    names: true,
  },
  { word: 'kind again', use: "`'retry'`", pattern: /\bkind: 'again'/ },
  {
    word: 'rest',
    use: 'pause, linger, what is left',
    pattern: /\brest (?:until|ms|for)\b|\b(?:longest|shortest|min|max) rest\b/,
    names: true,
  },
  { word: 'tally', use: 'counts', pattern: /\btall(?:y|ies|ied)\b/ },
  { word: 'churn map', use: '`RecyclingMap`', pattern: /\bchurn maps?\b/ },
  { word: 'put off', use: 'postpone', pattern: new RegExp(`\\bput(?:s|ting)?${object} off(?:s\\b|\\b)`) },
  { word: 'concerns', use: '`isFuture`, affects', pattern: /\bconcerns\b/ },
  {
    word: 'is none',
    use: 'invalid, unknown; what it is not; `cannot use …`',
    pattern: /\b(?:that|which) (?:is|are) none\b(?! of)|\b(?:is|are) none (?:that|for)\b|\bwhat is none\b/,
  },
  { word: 'heed', use: 'follow, obey', pattern: /\bheed(?:s|ed|ing)?\b/ },
  { word: 'lest', use: 'so that … not', pattern: /\blest\b/ },
  { word: 'in vain', use: 'without success', pattern: /\bin vain\b/ },
  { word: 'otherwise than', use: 'another … than, other than', pattern: /\botherwise than\b/ },
  { word: 'trying on', use: 'tried again', pattern: /\b(?:trying|asking) on\b/ },
  {
    word: 'generations for ever',
    use: 'the verb that is meant: a rename made these',
    pattern:
      /\bgenerations (?:for ever|a|an|the|it|them|into|out|round|what)\b|\btakes? generations\b|\bwhat that generation brings\b|\bstatement runner on\b/,
  },
];
