/** A herald's trumpet with its banner. Decorative: the name stands beside it or on its parent. */
export function Mark({ size = 32 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" className="shrink-0">
      <rect width="32" height="32" rx="9" fill="#0b6a5a" />
      <g strokeLinecap="round" strokeLinejoin="round">
        <path fill="#f0b95b" d="M8.500 12.500h9v13l-4.500-3.400-4.500 3.400z" />
        <path
          fill="#fff"
          d="M19 8.300c2.800-.2 5-1.600 7.500-4.300v13c-2.500-2.700-4.700-4.100-7.500-4.300z"
        />
        <path fill="none" stroke="#fff" strokeWidth="2.6" d="M6 10.500h14M6 8.500v4" />
      </g>
    </svg>
  );
}
