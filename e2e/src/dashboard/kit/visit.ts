/// <reference lib="dom" preserve="true" />
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import type { BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { eventually } from '@lovage/testing';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
/** As wide as most notebooks, and the narrowest phone. */
export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 360, height: 740 };
/** A busy machine may take its time; what is wrong is told as well a little later. */
const PATIENCE_MS = 45_000;

/** Those of axe's own choice that look at colours. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

export interface VisitOptions {
  readonly theme?: 'light' | 'dark';
  readonly size?: { readonly width: number; readonly height: number };
  /** The profile ends with the visit. */
  readonly ownContext?: boolean;
}

/** One page (tab) of the dashboard, and all that its console complained of: errors, exceptions, reports of the policy. */
export class Visit implements AsyncDisposable {
  private readonly expected = new Set<RegExp>();

  private constructor(
    readonly page: Page,
    private readonly base: string,
    private readonly complaints: string[],
    private readonly context: BrowserContext | undefined,
  ) {
    page.on('console', (message) => this.listen(message));
    page.on('pageerror', (error) => this.complain(`exception: ${error.stack ?? error.message}`));
  }

  /** `complaints`: where those that were not expected are put. */
  static async open(
    context: BrowserContext,
    base: string,
    complaints: string[],
    options: VisitOptions = {},
  ): Promise<Visit> {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    await page.emulateMedia({ colorScheme: options.theme ?? 'light', reducedMotion: 'reduce' });
    await page.setViewportSize(options.size ?? DESKTOP);
    return new Visit(page, base, complaints, options.ownContext ? context : undefined);
  }

  /** Loads a path of the dashboard, such as `/queues`, as a link from elsewhere does, and waits for the screen. */
  async go(path: string): Promise<void> {
    await this.page.goto(this.base + path);
    await this.page.locator('h1').first().waitFor();
  }

  /** Waits until nothing of the screen is still loading. */
  async loaded(): Promise<void> {
    const loading = this.page.getByRole('status', { name: 'Loading' });
    await eventually(async () => (await loading.count()) === 0);
  }

  /** By the form, on the page where it is. */
  async signIn(email: string, password: string): Promise<void> {
    await this.page.getByLabel('E-mail').fill(email);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
    await this.page.getByRole('navigation').first().waitFor();
  }

  /** Another tab of the same browser profile. */
  async tab(path: string, options: VisitOptions = {}): Promise<Visit> {
    const other = await Visit.open(this.page.context(), this.base, this.complaints, options);
    await other.go(path);
    return other;
  }

  /**
   * Complaints that fit are no fault: a refusal that the test provokes. Such as `/status of 401/`. Until the function that it gives is
   * called, or to the end of the visit.
   */
  expect(...patterns: RegExp[]): () => void {
    for (const pattern of patterns) this.expected.add(pattern);
    return () => {
      for (const pattern of patterns) this.expected.delete(pattern);
    };
  }

  /** Where it is, without the base: `/tasks?state=FAILURE`. */
  get path(): string {
    return this.page.url().slice(this.base.length);
  }

  /** What axe finds wrong with the page as it is: one line each. */
  axe(): Promise<string[]> {
    return this.runAxe({});
  }

  /** The same in the light theme, and in the dark one, which only colours differ in. The page is left dark. */
  async axeInBothThemes(): Promise<string[]> {
    const found: string[] = [];
    for (const theme of ['light', 'dark'] as const) {
      await this.page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
      const options = theme === 'light' ? {} : { runOnly: { type: 'rule', values: COLOUR_RULES } };
      found.push(...(await this.runAxe(options)).map((line) => `${theme}: ${line}`));
    }
    return found;
  }

  private async runAxe(options: object): Promise<string[]> {
    if (!(await this.page.evaluate(() => 'axe' in window))) await this.page.evaluate(axe);
    return this.page.evaluate(async (given) => {
      const run = (window as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe;
      const { violations } = await run.run({ ...given, resultTypes: ['violations'] });
      return violations.flatMap(({ id, help, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${help}: ${html.slice(0, 200)}: ${failureSummary ?? ''}`),
      );
    }, options);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.page.close();
    await this.context?.close();
  }

  private listen(message: ConsoleMessage): void {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    this.complain(`${message.type()}: ${message.text()} (${message.location().url})`);
  }

  private complain(text: string): void {
    if (![...this.expected].some((pattern) => pattern.test(text))) this.complaints.push(text);
  }
}

interface AxeResults {
  readonly violations: readonly {
    readonly id: string;
    readonly help: string;
    readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
  }[];
}
