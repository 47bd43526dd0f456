/** Hands a file to the browser's downloads. */
export function download(
  name: string,
  content: Uint8Array | string,
  type = 'application/octet-stream',
): void {
  const url = URL.createObjectURL(new Blob([content as BlobPart], { type }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name });
  link.click();
  // The download may begin after the click has been handled.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
