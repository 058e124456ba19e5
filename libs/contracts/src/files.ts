import { defineTask } from '@lovage/task';
import { z } from 'zod';

/** Longest URL that is fetched. */
const MAX_URL = 2048;

/** Where to fetch from: `http` or `https`, without user and password, which would be stored and shown with the task. */
export const webUrl = (description: string) =>
  z
    .string()
    .max(MAX_URL, { abort: true })
    .refine((text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, username, password } = new URL(text);
      return /^https?:$/.test(protocol) && username === '' && password === '';
    }, 'must be an http or https URL without user and password')
    .meta({ description, examples: ['https://example.org/photo.jpg'] });

/** A path under the folder of files. What it may hold is looked at where it is used. */
export const storedPath = (description: string, example: string) =>
  z
    .string()
    .min(1)
    .max(500)
    .meta({ description, examples: [example] });

/** Why a URL is not fetched. */
export const UrlRefused = z
  .strictObject({
    host: z.string().meta({ description: 'Host that the request, or a redirect, named.' }),
    reason: z.enum(['address', 'scheme', 'credentials', 'redirects']).meta({
      description:
        'address: its address is not public; scheme: neither http nor https; credentials: user or password in the URL; redirects: too many.',
    }),
  })
  .meta({ description: 'The host, and what is wrong with it.' });

/** A server that says no. */
export const HttpStatus = z
  .strictObject({ status: z.int().meta({ description: 'The server’s answer, such as 404.' }) })
  .meta({ description: 'The server refuses, and will refuse again.' });

/** Errors of every task that fetches a URL. */
export const fetchErrors = {
  UrlRefused,
  HttpStatus,
  EncodingRefused: z
    .strictObject({ encoding: z.string().meta({ description: 'The `Content-Encoding`, such as zstd.' }) })
    .meta({ description: 'The server encodes what it was asked to send as it is, in a way that is not decoded.' }),
  TooLarge: z
    .strictObject({ limit: z.int().meta({ description: 'Bytes allowed.' }) })
    .meta({ description: 'More than the allowed bytes.' }),
};

/** Errors of every task that is given a path. */
export const pathErrors = {
  PathInvalid: z
    .strictObject({ path: z.string().meta({ description: 'The path given.' }) })
    .meta({ description: 'The path leads out of the folder, or no file can have it.' }),
};

const Checksum = z.string().regex(/^[0-9a-fA-F]{64}$/, 'must be 64 hexadecimal digits');

export const downloadFile = defineTask({
  name: 'files.download',
  summary: 'Downloads a file from the web, with progress',
  description:
    'Streams to a file under `DATA_DIR/files`. When its worker dies in the middle, the next attempt goes on where the first stopped, if the server can. Hosts whose addresses are not public are refused, also after a redirect, unless `FILES_ALLOW_HOSTS` names them.',
  input: z
    .strictObject({
      url: webUrl('What to download.'),
      path: storedPath(
        'Where to put it. A file of another content that is there stays, unless `replace` says otherwise. Default: `downloads/<task id>/` and the name that the server gives, or that in the URL.',
        'photos/cat.jpg',
      ).optional(),
      sha256: Checksum.optional().meta({
        description: 'SHA-256 that the file must have, hexadecimal.',
        examples: ['2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824'],
      }),
      maxBytes: z
        .int()
        .min(1)
        .optional()
        .meta({
          description: 'Largest size that is accepted. Default, and at most: `FILES_LIMIT`.',
          examples: [10_000_000],
        }),
      timeout: z
        .number()
        .min(1)
        .max(1500)
        .optional()
        .meta({ description: 'Seconds that one attempt may take in all. Default 900.', examples: [60] }),
      replace: z
        .boolean()
        .optional()
        .meta({ description: 'Take the place of a file that is at `path`. Default false.' }),
    })
    .meta({ examples: [{ url: 'https://example.org/photo.jpg' }] }),
  output: z
    .strictObject({
      path: z
        .string()
        .meta({ description: 'Where the file is, under `DATA_DIR/files`; `GET /api/files/{path}` gives it.' }),
      bytes: z.int().min(0).meta({ description: 'Its size.' }),
      sha256: z.string().meta({ description: 'SHA-256 of its content, hexadecimal.' }),
      contentType: z.string().nullable().meta({ description: 'As the server stated it; null when it did not.' }),
      contentEncoding: z.string().optional().meta({
        description:
          'Set when the server encoded the content although it was asked not to, such as gzip. The file holds the decoded content; `bytes` and `sha256` are of that.',
      }),
      resumedAt: z
        .int()
        .min(0)
        .meta({ description: 'Bytes that an earlier attempt had left; 0: all came in this one.' }),
    })
    .meta({
      examples: [
        {
          path: 'downloads/0199f0a0-0000-7000-8000-000000000000/photo.jpg',
          bytes: 52_428_800,
          sha256: '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824',
          contentType: 'image/jpeg',
          resumedAt: 0,
        },
      ],
    }),
  progress: z
    .strictObject({
      bytes: z.int().min(0).meta({ description: 'Received so far, those of earlier attempts included.' }),
      total: z.int().min(0).nullable().meta({ description: 'Of the whole file; null when the server does not say.' }),
      percent: z
        .int()
        .min(0)
        .max(100)
        .nullable()
        .meta({ description: 'Done so far; null when the total is not known.' }),
    })
    .meta({ examples: [{ bytes: 1_048_576, total: 52_428_800, percent: 2 }] }),
  errors: {
    ...fetchErrors,
    ...pathErrors,
    FileExists: z
      .strictObject({ path: z.string().meta({ description: 'The path given.' }) })
      .meta({ description: 'A file of another content is at the path, and `replace` is not set.' }),
    ChecksumMismatch: z
      .strictObject({
        expected: z.string().meta({ description: 'SHA-256 asked for.' }),
        actual: z.string().meta({ description: 'SHA-256 of what came.' }),
      })
      .meta({ description: 'The file is not the one asked for; nothing is kept of it.' }),
  },
  defaults: {
    // Lost lines, servers that are down: what is there already is not fetched again.
    retry: { maxAttempts: 5, delay: '2s', maxDelay: '2m' },
    // Below the half hour after which RabbitMQ takes a consumer for stuck.
    softTimeLimit: '26m',
    timeLimit: '27m',
  },
});
