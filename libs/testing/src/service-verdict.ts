/** What becomes of a suite that needs a service, by what the run has found of it (`jest/services.mjs`). */
export function serviceVerdict(
  env: Readonly<Record<string, string | undefined>>,
  variable: string,
  service: string,
): 'run' | 'skip' | 'fail' {
  if (env[variable] === 'up') return 'run';
  if (env[variable] !== 'down')
    throw new Error(
      `nobody looked for ${service}: run the tests through a jest configuration based on jest.preset.mjs`,
    );
  return env['REQUIRE_SERVICES'] === '1' ? 'fail' : 'skip';
}
