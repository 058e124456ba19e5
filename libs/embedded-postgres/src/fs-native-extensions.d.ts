// The package ships no types. Only what is used here.
declare module 'fs-native-extensions' {
  /** Locks the whole file, without waiting. `false`: somebody else holds a lock that forbids it. */
  export function tryLock(fd: number, options?: { readonly shared?: boolean }): boolean;
}
