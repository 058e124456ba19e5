export { LoginAnswer, LoginBody } from './auth/login.ts';
export { includesRole, USER_ROLES, UserDocument, type UserRole } from './auth/user.ts';
export { ContractDocument, ContractList } from './contracts/contract-document.ts';
export { LiveDocument, ReadyDocument } from './health/health.ts';
export { PROBLEM_CODES, type ProblemCode } from './problem/problem-codes.ts';
export { PROBLEM_MEDIA_TYPE, problemDocument, ProblemDocument, type ProblemParts } from './problem/problem-document.ts';
export { ListedTask, pageLimit, TaskCountsDocument, TaskList, TaskListQuery } from './tasks/list.ts';
export { SubmitBody, SubmitByNameBody, SubmitOptionsBody } from './tasks/submit.ts';
export { TaskDocument, TaskErrorDocument } from './tasks/task-document.ts';
