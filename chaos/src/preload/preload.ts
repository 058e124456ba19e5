// node --import: adds the scenarios' tasks to the apps that ship, which are otherwise run as they are.
import { allContracts, allSchedules } from '@lovage/contracts';
import { taskControllers } from '@lovage/tasks';
import { badBatchLater, badContracts } from './bad-contracts.ts';
import { BadTasks } from './bad.tasks.ts';
import { ChaosTasks } from './chaos.tasks.ts';
import { chaosContracts } from './contracts.ts';
import { RELEASE_VARIABLE, releases } from './releases.ts';

const { contracts, controller, schedules } = releases[process.env[RELEASE_VARIABLE] === 'new' ? 'new' : 'old'];

// They are lists that an app reads when it starts. To others they are read-only; here lies the one exception.
(allContracts as (typeof allContracts)[number][]).push(...chaosContracts, ...badContracts, badBatchLater, ...contracts);
(taskControllers as (typeof taskControllers)[number][]).push(ChaosTasks, BadTasks, controller);
(allSchedules as (typeof allSchedules)[number][]).push(...schedules);
