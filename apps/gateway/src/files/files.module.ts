import { Module } from '@nestjs/common';
import { FileStore } from '@lovage/files';
import { AuthModule } from '../auth/auth.module.ts';
import { type GatewayOptions, type GatewayPlatform, OPTIONS, PLATFORM } from '../deps.ts';
import { FilesController } from './files.controller.ts';
import { Uploads } from './uploads.ts';

@Module({
  imports: [AuthModule],
  controllers: [FilesController],
  providers: [
    { provide: FileStore, useFactory: ({ files }: GatewayOptions) => new FileStore(files.folder), inject: [OPTIONS] },
    {
      provide: Uploads,
      useFactory: (store: FileStore, platform: GatewayPlatform, { files }: GatewayOptions) =>
        new Uploads(store, platform.files, files),
      inject: [FileStore, PLATFORM, OPTIONS],
    },
  ],
})
export class FilesModule {}
