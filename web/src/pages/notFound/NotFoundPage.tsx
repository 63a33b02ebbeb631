import { Button } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router-dom';
import { EmptyState } from '../../components/EmptyState';

export default function NotFoundPage() {
  const { t } = useTranslation();
  return (
    <EmptyState icon="search" title={t('notFound.title')}
      action={<Button component={Link} to="/">{t('nav.overview')}</Button>}>
      {t('notFound.text')}
    </EmptyState>
  );
}
