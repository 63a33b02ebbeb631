import { Alert } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Icon } from '../../components/Icon';

/** Says how many fields need another look; each of them says why. */
export function InvalidNote({ count }: { count: number }) {
  const { t } = useTranslation();
  if (count === 0) return null;
  return (
    <Alert color="red" variant="light" role="alert" mb="md" icon={<Icon name="warning" />}>{t('form.invalid', { count })}</Alert>
  );
}
