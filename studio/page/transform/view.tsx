import { DropFirst } from '../parts/drop-first.tsx';

export const TransformView = () => <DropFirst />;
