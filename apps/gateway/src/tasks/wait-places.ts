import { RequestPlaces } from '../http/places.ts';

/** Who may have answers held back (`Prefer: wait`): as many as may follow events. */
export class WaitPlaces extends RequestPlaces {}
