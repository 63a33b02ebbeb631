// How the console says that something worked, or did not.
import { notifications } from '@mantine/notifications';
import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useErrorText } from './useErrorText';

export function useNotify() {
  const { t } = useTranslation();
  const text = useErrorText();
  return useMemo(() => {
    const closeButtonProps = { 'aria-label': t('common.close') };
    return {
      done: (message: string) => notifications.show({ color: 'jade', message, closeButtonProps }),
      /** Stays until it is closed: people need time to read a remedy. */
      failed: (title: string, error: unknown) =>
        notifications.show({ color: 'red', autoClose: false, title, message: text(error), closeButtonProps }),
    };
  }, [t, text]);
}
