// A child's module whose application cannot be booted.
export default function boot(): Promise<never> {
  return Promise.reject(new Error('the application is broken'));
}
