import type { INestApplication } from '@nestjs/common';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';
import type { ContractRegistry } from '@lovage/task';
import { apiComponents } from './components.ts';
import { contractPaths } from './contract-paths.ts';

/** The API as OpenAPI 3.1: the routes of the controllers, and a typed one for each contract. */
export function openApiDocument(app: INestApplication, contracts: ContractRegistry): OpenAPIObject {
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Lovage')
    .setDescription(
      'Submit tasks and see what became of them. Errors are RFC 9457 problem documents with a stable `code`.',
    )
    .setVersion('1')
    .addBearerAuth({ type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'From POST /api/auth/login' })
    .addTag('submit', 'One typed route for each contract')
    .addTag('tasks')
    .addTag('schedules')
    .addTag('files')
    .addTag('contracts')
    .addTag('auth')
    .addTag('users')
    .addTag('health')
    .build();
  const document = SwaggerModule.createDocument(app, config, { autoTagControllers: false });
  const { paths, schemas } = contractPaths(contracts);
  document.paths = { ...paths, ...namedWildcards(document.paths) };
  const components = document.components!;
  components.schemas = { ...components.schemas, ...apiComponents(), ...schemas } as typeof components.schemas;
  return document;
}

/** The framework's `*` as the parameter that it is: `/api/files/{path}`. */
function namedWildcards(paths: OpenAPIObject['paths']): OpenAPIObject['paths'] {
  return Object.fromEntries(Object.entries(paths).map(([path, item]) => [path.replace(/\*$/, '{path}'), item]));
}
