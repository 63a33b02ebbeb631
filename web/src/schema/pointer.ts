// JSON pointers (RFC 6901), with or without the `#` of a URI fragment.
export function pointerParts(pointer: string): string[] {
  return pointer
    .replace(/^#/, '')
    .split('/')
    .slice(1)
    .map((part) => decode(part).replace(/~1/g, '/').replace(/~0/g, '~'));
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part; // A bare percent sign is no escape.
  }
}
