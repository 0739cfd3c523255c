/** Whether a notification's link leads to a page of this site: a path, and not the `//host` that looks like one. */
export function isOwnAddress(link: string): boolean {
  return /^\/(?![/\\])/.test(link);
}
