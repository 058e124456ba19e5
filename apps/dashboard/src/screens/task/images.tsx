import { useCallback } from 'react';
import { isImagePath, useImage } from '../../api/queries/files.ts';
import { formatBytes } from '../../ui/format.ts';
import styles from './task.module.css';

interface Made {
  readonly path: string;
  readonly width?: unknown;
  readonly height?: unknown;
  readonly bytes?: unknown;
}

/** Images that are drawn of a result. */
const MOST_IMAGES = 24;

function imagesOf(result: unknown): Made[] {
  const items = Array.isArray(result) ? (result as unknown[]) : [result];
  return items
    .filter(
      (one): one is Made =>
        typeof one === 'object' && one !== null && typeof (one as { path?: unknown }).path === 'string',
    )
    .filter(({ path }) => isImagePath(path))
    .slice(0, MOST_IMAGES);
}

/** The images that a result names, such as those of `image.thumbnail`; nothing where it names none. */
export function Images({ result }: { result: unknown }) {
  const images = imagesOf(result);
  if (images.length === 0) return null;
  return (
    <ul className={styles['images']} aria-label="Images">
      {images.map((image) => (
        <Image key={image.path} image={image} />
      ))}
    </ul>
  );
}

function Image({ image: { path, width, height, bytes } }: { image: Made }) {
  const { data, error } = useImage(path);
  const show = useCallback(
    (element: HTMLImageElement | null) => {
      if (!element || !data) return;
      const url = URL.createObjectURL(data);
      element.src = url;
      return () => URL.revokeObjectURL(url);
    },
    [data],
  );
  const size = typeof width === 'number' && typeof height === 'number' ? `${width} × ${height}` : '';
  return (
    <li className={styles['image']}>
      {data ? (
        <img ref={show} alt={path} />
      ) : (
        <span className="muted">{error ? `It cannot be shown: ${error.message}` : 'Loading…'}</span>
      )}
      <span className={styles['caption']} title={path}>
        {path.slice(path.lastIndexOf('/') + 1)}
      </span>
      <span className="muted">
        {size} {typeof bytes === 'number' && formatBytes(bytes)}
      </span>
    </li>
  );
}
