import { agreementOf } from '../engine/images/agreement.ts';
import { imagePreprocessing, mostImages, openImages } from '../engine/images/images.ts';
import type { StudioApi } from './api.ts';
import { jobs } from './jobs.ts';
import { decodePictures } from './pictures.ts';
import { droppedImages, openedSession, replaceImages } from './session.ts';

/** Takes images, and compares versions on them. */
export const comparing: Pick<StudioApi, 'useImages' | 'agreement'> = {
  useImages: (files, options, job, report) =>
    jobs.run(job, report, async (control) => {
      const preprocessing = imagePreprocessing(openedSession().version(0), options);
      const used = files.slice(0, mostImages(preprocessing));
      const pictures = await decodePictures(used, preprocessing, control);
      replaceImages(openImages(pictures, preprocessing));
      return { names: pictures.names, preprocessing };
    }),
  agreement: (version, job, report) =>
    jobs.run(job, report, (control) =>
      agreementOf(openedSession(), version, { images: droppedImages(), control }),
    ),
};
