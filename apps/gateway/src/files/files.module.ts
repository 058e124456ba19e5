import { Module } from '@nestjs/common';
import { FileStore } from '@lovage/files';
import { OPTIONS, type GatewayOptions } from '../deps.ts';
import { FilesController } from './files.controller.ts';
import { Uploads } from './uploads.ts';

@Module({
  controllers: [FilesController],
  providers: [
    { provide: FileStore, useFactory: ({ files }: GatewayOptions) => new FileStore(files.folder), inject: [OPTIONS] },
    {
      provide: Uploads,
      useFactory: (store: FileStore, { files }: GatewayOptions) => new Uploads(store, files.limit),
      inject: [FileStore, OPTIONS],
    },
  ],
})
export class FilesModule {}
