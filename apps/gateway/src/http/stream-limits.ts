import { RequestPlaces, type PlacesOptions } from './places.ts';
import { ProblemError } from '../problems/problem-error.ts';

/** Bounds the streams that are open. */
export class StreamLimits {
  private readonly places: RequestPlaces;

  constructor(options: PlacesOptions = {}) {
    this.places = new RequestPlaces(options);
  }

  /** Places taken. */
  get taken(): number {
    return this.places.taken;
  }

  /** Takes a place; the returned function frees it, once. @throws ProblemError `too_many_streams` */
  take(userId: string): () => void {
    const place = this.places.take(userId);
    if (place === 'user') throw tooMany(`${this.places.perUser} streams of a user may be open at once; close one`);
    if (place === 'total') throw tooMany('too many streams are open here; try again');
    return place;
  }
}

const tooMany = (detail: string): ProblemError =>
  new ProblemError('too_many_streams', detail, { headers: { 'retry-after': '5' } });
