// Calm, close to the system's own look; jade is Myriad's only accent.
import { createTheme, type MantineColorsTuple } from '@mantine/core';

const jade: MantineColorsTuple = [
  '#e9f8f3', '#d5ede5', '#abdac9', '#7ec6ac', '#58b594', '#40ab84', '#2f9f78', '#218164', '#137356', '#006446',
];

const slate: MantineColorsTuple = [
  '#d3d7db', '#b4bac1', '#8c949d', '#656d77', '#434a53', '#333941', '#22272d', '#191d22', '#13161a', '#0d0f12',
];

export const theme = createTheme({
  primaryColor: 'jade',
  primaryShade: { light: 7, dark: 6 },
  colors: { jade, dark: slate },
  defaultRadius: 'md',
  autoContrast: true,
  cursorType: 'pointer',
  fontFamily:
    "system-ui, -apple-system, 'Segoe UI', Roboto, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: '600', sizes: { h1: { fontSize: '1.5rem' }, h2: { fontSize: '1.125rem' }, h3: { fontSize: '1rem' } } },
});
