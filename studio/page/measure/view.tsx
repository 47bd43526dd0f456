import { DropFirst } from '../parts/drop-first.tsx';

export const MeasureView = () => <DropFirst />;
