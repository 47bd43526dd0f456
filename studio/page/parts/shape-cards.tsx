import '../style/shapes.css';
import { type LayerShapes, shapeCards } from 'espalier/core';

/** A card for each layer: which positions its filters use, and the shape of every filter. */
export const ShapeCards = ({ layers }: { readonly layers: readonly LayerShapes[] }) => (
  // The names of layers are escaped.
  <div dangerouslySetInnerHTML={{ __html: shapeCards(layers) }} />
);
