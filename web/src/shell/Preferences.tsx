// Language and colour scheme, kept in this browser.
import { Center, SegmentedControl, useMantineColorScheme, VisuallyHidden, type MantineColorScheme } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon, type IconName } from '../components/Icon';
import { LANGUAGES, type Language } from '../i18n/languages';
import { switchLanguage } from '../i18n/setup';

export function LanguageSwitch() {
  const { t, i18n } = useTranslation();
  const data = Object.entries(LANGUAGES).map(([value, name]) => ({ value, label: <span lang={value}>{name}</span> }));
  return (
    <SegmentedControl
      size="xs" fullWidth aria-label={t('shell.language')} data={data} value={i18n.language}
      onChange={(language) => void switchLanguage(language as Language)}
    />
  );
}

const SCHEMES: { value: MantineColorScheme; icon: IconName }[] = [
  { value: 'light', icon: 'sun' },
  { value: 'dark', icon: 'moon' },
  { value: 'auto', icon: 'auto' },
];

export function SchemeSwitch() {
  const { t } = useTranslation();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const data = SCHEMES.map(({ value, icon }) => ({
    value,
    label: (
      <Center title={t(`shell.scheme.${value}`)} style={{ height: 18 }}>
        <Icon name={icon} size={15} /><VisuallyHidden>{t(`shell.scheme.${value}`)}</VisuallyHidden>
      </Center>
    ),
  }));
  return (
    <SegmentedControl
      size="xs" fullWidth aria-label={t('shell.colorScheme')} data={data} value={colorScheme}
      onChange={(value) => setColorScheme(value as MantineColorScheme)}
    />
  );
}
