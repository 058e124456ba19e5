export type { ChaosReport, ScenarioReport } from './cli/report.ts';
