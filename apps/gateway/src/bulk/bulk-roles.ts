import type { BulkAction, UserRole } from '@lovage/http-api';

/** Who may start such a job. What tasks have come to is gone for good once they are deleted. */
export const roleFor = (action: BulkAction): UserRole => (action === 'task.delete' ? 'admin' : 'operator');
