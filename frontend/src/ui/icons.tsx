/** One family of line icons on a 20 px grid. All are decorative: the word is always beside them or on the control. */
import type { ReactNode } from "react";

export interface IconProps {
  size?: number;
  className?: string;
}

function Icon({ size = 20, className, children }: IconProps & { children: ReactNode }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      className={`shrink-0 ${className ?? ""}`}
    >
      {children}
    </svg>
  );
}
export const ChatIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M3 5.500A2.500 2.500 0 0 1 5.500 3h9A2.500 2.500 0 0 1 17 5.500v6a2.500 2.500 0 0 1-2.500 2.500H9l-4.200 3.200V14A2 2 0 0 1 3 12z" />
  </Icon>
);
export const BellIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M5 8.500a5 5 0 0 1 10 0c0 4 1.500 5 1.500 5h-13S5 12.500 5 8.500M8.300 16.500a2 2 0 0 0 3.400 0" />
  </Icon>
);
export const InvoiceIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M5 2.800h10v14.400l-2.500-1.500-2.500 1.500-2.500-1.500L5 17.200zM8 7h4M8 10.200h4" />
  </Icon>
);
export const SettingsIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M3 6h7.500M14.500 6H17M3 14h2.500M9.500 14H17" />
    <circle cx="12.500" cy="6" r="2" />
    <circle cx="7.500" cy="14" r="2" />
  </Icon>
);
export const BackIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M12.500 4.500 7 10l5.500 5.500" />
  </Icon>
);
export const DownIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M10 4v12M5 11l5 5 5-5" />
  </Icon>
);
export const PlusIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M10 4v12M4 10h12" />
  </Icon>
);
export const CloseIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m5 5 10 10M15 5 5 15" />
  </Icon>
);
export const SearchIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="8.800" cy="8.800" r="5.300" />
    <path d="m13 13 4 4" />
  </Icon>
);
export const SendIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M10 16V4M5 9l5-5 5 5" />
  </Icon>
);
export const ClockIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="10" cy="10" r="6.700" />
    <path d="M10 6.300V10l2.500 1.700" />
  </Icon>
);
export const CheckIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m4.500 10.500 3.700 3.700L15.500 6.500" />
  </Icon>
);
export const DoubleCheckIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m1.800 10.500 3.700 3.700 7-7.700M9.300 13.300l.9.900 7-7.700" />
  </Icon>
);
export const AlertIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="10" cy="10" r="6.900" />
    <path d="M10 6.400v4.100M10 13.500v.1" />
  </Icon>
);
export const MoreIcon = (props: IconProps) => (
  <Icon {...props}>
    <g fill="currentColor" stroke="none">
      <circle cx="4.500" cy="10" r="1.500" />
      <circle cx="10" cy="10" r="1.500" />
      <circle cx="15.500" cy="10" r="1.500" />
    </g>
  </Icon>
);
export const ReplyIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 5 3.500 9.500 8 14M4 9.500h7.500a5 5 0 0 1 5 5V15" />
  </Icon>
);
export const EditIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="m4 16 .700-3.300L13.300 4l2.700 2.700-8.600 8.600z" />
  </Icon>
);
export const DeleteIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M4 5.500h12M8 5.500V3.800h4v1.700M5.500 5.500l.8 11h7.400l.8-11" />
  </Icon>
);
export const CopyIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M7 7h9v9.500H7zM4 13V3.500h9" />
  </Icon>
);
export const EyeIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.500 10S5.300 5 10 5s7.500 5 7.500 5-2.800 5-7.500 5-7.500-5-7.500-5z" />
    <circle cx="10" cy="10" r="2.200" />
  </Icon>
);
export const CardIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M2.800 5.500h14.400v9.500H2.800zM2.800 8.500h14.400M5.500 12h3" />
  </Icon>
);
export const RefundIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M6.500 4.500 3.500 7.500l3 3M4 7.500h8a4.300 4.300 0 0 1 0 8.500H8" />
  </Icon>
);
export const DraftIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M5 3h7l3.500 3.500V17H5zM12 3v3.500h3.500" />
  </Icon>
);
export const HalfIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="10" cy="10" r="6.900" />
    <path d="M10 3.100a6.900 6.900 0 0 1 0 13.800z" fill="currentColor" />
  </Icon>
);
export const BanIcon = (props: IconProps) => (
  <Icon {...props}>
    <circle cx="10" cy="10" r="6.900" />
    <path d="m5.200 5.200 9.600 9.600" />
  </Icon>
);
export const LockIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M5 9h10v7.500H5zM7 9V6.500a3 3 0 0 1 6 0V9" />
  </Icon>
);
export const ExitIcon = (props: IconProps) => (
  <Icon {...props}>
    <path d="M8 3.500H4v13h4M8.500 10H17M13.500 6.500 17 10l-3.500 3.500" />
  </Icon>
);
