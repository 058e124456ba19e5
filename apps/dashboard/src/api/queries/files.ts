import { useQuery } from '@tanstack/react-query';
import { api } from '../client.ts';

/** Larger ones are offered as a download alone. */
const MAX_IMAGE_BYTES = 8 * 1024 ** 2;
/** By the name; the browser is told this type and no other, so that no file of a task is ever read as a page or a script. */
const TYPES: Readonly<Record<string, string>> = {
  webp: 'image/webp',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  avif: 'image/avif',
};

const filePath = (path: string): string => `/api/files/${path.split('/').map(encodeURIComponent).join('/')}`;

/** Whether a path is that of an image which a page may show. SVG is not among them: it may hold a script. */
export function isImagePath(path: string): boolean {
  return Object.hasOwn(TYPES, path.slice(path.lastIndexOf('.') + 1).toLowerCase());
}

/** An image of the platform's files. */
export function useImage(path: string) {
  return useQuery({
    queryKey: ['files', 'image', path],
    queryFn: async ({ signal }) => {
      const response = await api.raw(filePath(path), { signal });
      if (Number(response.headers.get('content-length') ?? 0) > MAX_IMAGE_BYTES) throw new Error('it is too large');
      const type = TYPES[path.slice(path.lastIndexOf('.') + 1).toLowerCase()];
      return new Blob([await response.arrayBuffer()], { type: type ?? 'application/octet-stream' });
    },
    staleTime: Infinity,
  });
}
