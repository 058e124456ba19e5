// node --import: adds the scenarios' tasks to the apps that ship, which are otherwise run as they are.
import { allContracts } from '@lovage/contracts';
import { taskControllers } from '@lovage/tasks';
import { ChaosTasks } from './chaos.tasks.ts';
import { chaosContracts } from './contracts.ts';

// Both are lists that an app reads when it starts. To others they are read-only; here lies the one exception.
(allContracts as (typeof allContracts)[number][]).push(...chaosContracts);
(taskControllers as (typeof taskControllers)[number][]).push(ChaosTasks);
