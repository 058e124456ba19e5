/** Where a sign-in leads back to: a path of this application alone. */
export function backTo(value: string | undefined): string {
  return value !== undefined && /^\/(?![/\\])/.test(value) && !value.startsWith('/sign-in') ? value : '/overview';
}
