import { FilePathError } from '@lovage/files';

/**
 * The path of a file in a request's URL, from the URL as it came: the router's own decoding makes `/` of `%2F`, and a name
 * with a slash in it would become a folder and a name.
 * @throws FilePathError
 */
export function pathInUrl(url: string, prefix: string): string {
  const path = url.split(/[?#]/, 1)[0]!.slice(prefix.length);
  return path
    .split('/')
    .map((name) => {
      const decoded = decode(name);
      if (decoded.includes('/')) throw new FilePathError('a name in it holds an escaped "/"');
      return decoded;
    })
    .join('/');
}

/** A path as it stands in a URL. */
export function urlOfPath(prefix: string, path: string): string {
  return prefix + path.split('/').map(encodeURIComponent).join('/');
}

function decode(name: string): string {
  try {
    return decodeURIComponent(name);
  } catch {
    throw new FilePathError('an escape in it is no UTF-8');
  }
}
