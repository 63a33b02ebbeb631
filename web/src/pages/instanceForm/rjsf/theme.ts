// The rjsf theme: @rjsf/mantine's pieces, without its calendars, and ours where forms for equipment need more.
import { withTheme, type ThemeProps } from '@rjsf/core';
import Templates from '@rjsf/mantine/lib/templates/index.js';
import CheckboxesWidget from '@rjsf/mantine/lib/widgets/CheckboxesWidget.js';
import PasswordWidget from '@rjsf/mantine/lib/widgets/PasswordWidget.js';
import TextareaWidget from '@rjsf/mantine/lib/widgets/TextareaWidget.js';
import { ArrayTemplate } from './ArrayTemplate';
import { ItemTemplate } from './ItemTemplate';
import { ObjectTemplate } from './ObjectTemplate';
import { SelectWidget, SwitchWidget, TextWidget } from './widgets';

const theme: ThemeProps = {
  templates: {
    ...Templates,
    ArrayFieldTemplate: ArrayTemplate,
    ArrayFieldItemTemplate: ItemTemplate,
    ObjectFieldTemplate: ObjectTemplate,
  },
  widgets: { CheckboxesWidget, CheckboxWidget: SwitchWidget, PasswordWidget, SelectWidget, TextareaWidget, TextWidget },
};

export const SchemaForm = withTheme(theme);
