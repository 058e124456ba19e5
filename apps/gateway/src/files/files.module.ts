import { Module } from '@nestjs/common';
import { FileStore } from '@lovage/files';
import { FILES, OPTIONS, type GatewayDeps, type GatewayOptions } from '../deps.ts';
import { FilesController } from './files.controller.ts';
import { Uploads } from './uploads.ts';

@Module({
  controllers: [FilesController],
  providers: [
    { provide: FileStore, useFactory: ({ files }: GatewayOptions) => new FileStore(files.folder), inject: [OPTIONS] },
    {
      provide: Uploads,
      useFactory: (store: FileStore, ledger: GatewayDeps['files'], { files }: GatewayOptions) =>
        new Uploads(store, ledger, files),
      inject: [FileStore, FILES, OPTIONS],
    },
  ],
})
export class FilesModule {}
