/** The sources of the apps do not build. */
export class StartBuildError extends Error {}

/**
 * The build that `npm start` runs, made anew after an edit; undefined: none can be kept.
 * @throws StartBuildError
 */
export function freshBuild(root: string, say: (text: string) => void, cache?: string): Promise<string | undefined>;

/**
 * Like {@link freshBuild}, with the programs that tests start beside the apps themselves.
 * @throws StartBuildError
 */
export function testBuild(root: string, say: (text: string) => void): Promise<string | undefined>;
