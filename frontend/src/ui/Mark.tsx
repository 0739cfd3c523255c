/** The herald's horn and the wave that leaves it. Decorative: the name stands beside it or on its parent. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="9" fill="#0b6a5a" />
      <g fill="none" strokeWidth="2.4" strokeLinecap="round" strokeLinejoin="round">
        <path
          stroke="#fff"
          d="M6 16.500h2.800c3.600 0 6.400-2 8.700-5.500v13c-2.300-3.500-5.100-5.500-8.700-5.500H6z"
        />
        <path stroke="#f0b95b" d="M20.900 13.900a5.200 5.200 0 0 1 0 7.200M24 10.500a10 10 0 0 1 0 14" />
      </g>
    </svg>
  );
}
