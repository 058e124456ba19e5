export {
  FileExistsError,
  FileMissingError,
  FilePathError,
  FileQuotaError,
  FileTooLargeError,
  StorageFullError,
} from './errors.ts';
export { filePath, MAX_PATH, safeName, type FilePath } from './file-path.ts';
export { FileStore, type ListedFile, type OpenFile } from './file-store.ts';
export { hashOf } from './hash-of.ts';
export { Scratch } from './scratch.ts';
export { sweepUnfinished } from './sweep.ts';
export { writeFile, type WriteFileOptions, type WrittenFile } from './write-file.ts';
